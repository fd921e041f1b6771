"""What talks to Ray, an optional dependency. Nothing else imports it."""
