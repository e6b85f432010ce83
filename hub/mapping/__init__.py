"""From a source's payload to canonical facts: manifests, the translator, and the gate that sums must pass.

A mapping is one YAML in ``mappings/``. ``load`` compiles it, ``translator`` runs it, and its own examples are run as
its tests.
"""
