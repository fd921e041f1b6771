"""What the figures of scores are called where people read them."""

TITLES = {
    "r": "r",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R2",
    "ccc": "CCC",
    "mse": "standardised squared error",
}
