"""The module's general vocabulary: each command and each unsolicited line once, with its source."""
