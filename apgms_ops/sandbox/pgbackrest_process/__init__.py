"""What goes on taking backups, and writes a heartbeat into the database all the while."""
