"""How should it be done? Corridors, construct, margin under execution error, fluoroscopy."""
