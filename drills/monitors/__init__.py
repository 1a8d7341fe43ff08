"""What monitors send: bytes in, plain events out, and the proof that an event was part of what came. Pure."""
