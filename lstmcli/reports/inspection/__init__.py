"""What `lstmcli inspect` and `lstmcli next` found, for terminals, browsers and programs."""
