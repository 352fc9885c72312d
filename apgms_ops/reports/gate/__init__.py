"""What people and machines read of a gate: the lines of the terminal, the step summary in Markdown, JUnit's XML.

Pure: from facts of ledgers to text. What comes from the estate is hostile text, and is made harmless here.
"""
