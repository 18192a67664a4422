"""Questions: parse -> plan -> rewrite -> columns and kernels -> answer. Reads through ports only."""
