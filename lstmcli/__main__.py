"""`python -m lstmcli` is the same as the console script `lstmcli`."""

from lstmcli.cli.main import main

if __name__ == "__main__":
    main()
