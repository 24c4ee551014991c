"""Does a port speak as the M5310 does? For the emulator and for boards; pyserial only."""
