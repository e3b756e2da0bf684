"""What hangs on a wire: lock boards, scanners and the screen. Knows boards and channels, never compartments."""
