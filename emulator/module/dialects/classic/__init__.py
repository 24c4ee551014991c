"""OneNET inside the classic module: what its AT commands do, and what it says to the platform."""
