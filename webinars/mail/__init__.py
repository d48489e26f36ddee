"""How a mail is made and leaves: composition, transports, the journal."""
