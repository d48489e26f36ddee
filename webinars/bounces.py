"""Reports of failure: what became of a mail after its relay had taken it."""
