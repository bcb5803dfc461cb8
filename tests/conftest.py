"""What every test shares. The shapes in signatures are checked while testing."""

import jaxtyping

# Stands before anything imports digits: only what is imported later is checked.
jaxtyping.install_import_hook("digits", "beartype.beartype")
