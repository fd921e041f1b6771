"""`lstmcli train --from`: going on from a trained model."""
