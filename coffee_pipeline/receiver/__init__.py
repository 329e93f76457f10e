"""The receiver: what other systems tell, checked and kept before it is acknowledged."""
