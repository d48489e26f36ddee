"""How fast mail may leave: rates shared by every worker, and relays that are left in peace."""
