"""The serial line between host and module: its pace, its speed, its faults."""
