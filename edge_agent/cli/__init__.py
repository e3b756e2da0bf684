"""`lockerctl`, the technician's tool: click commands made from the table of operations, run over the socket or here."""
