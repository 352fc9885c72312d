"""What is claimed about speed, measured: ratios side by side in one run, the best of several."""
