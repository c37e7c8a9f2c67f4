"""What numbers a config may hold."""


def check_numbers(**numbers: float) -> None:
    """Refuse numbers that are not finite or not above 0."""
    for name, number in numbers.items():
        if not 0 < number < float("inf"):
            raise ValueError(f"{name} must be a finite number above 0; got {number}")


def check_weights(**weights: float) -> None:
    """Refuse weights that are not finite or below 0."""
    for name, weight in weights.items():
        if not 0 <= weight < float("inf"):
            raise ValueError(f"{name} must be a finite number of at least 0; got {weight}")
