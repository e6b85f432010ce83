"""The judge is judged: deliberate bugs, one idea each, planted in the real engine; the simulation must find every one.

`registry` names them, the modules beside it plant them, `hunt` looks for each with seed after seed.
"""

from __future__ import annotations
