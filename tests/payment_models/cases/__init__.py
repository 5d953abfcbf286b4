"""Sample terms of every payment model; the tests of the whole registry run over them."""
