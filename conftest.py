"""The site's own probes and fixtures go here; those of the package come with its plugin."""
