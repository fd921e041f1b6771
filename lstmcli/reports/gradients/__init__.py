"""What `lstmcli gradients` found, for terminals, browsers and programs."""
