"""User settings: plain dataclasses for every layer (`settings`), and their validation (`loading`; pydantic, yaml)."""
