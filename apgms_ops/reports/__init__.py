"""What people read of a run: one sink a file. A report renders what it is given; it observes and judges nothing."""
