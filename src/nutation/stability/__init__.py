"""Which construct holds this joint better: the joint's motion under load, intact and with planned constructs."""
