"""The OneNET language of the classic module: its command lines, its lines unasked, its blob."""
