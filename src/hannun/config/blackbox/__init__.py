"""blackbox.yml: which probes there are and what each of them asks for."""
