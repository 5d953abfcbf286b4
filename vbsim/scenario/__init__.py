"""From what the user wrote to numbers: ``load`` (shape), ``resolve`` (Plan)."""
