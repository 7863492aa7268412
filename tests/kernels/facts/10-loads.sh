# Programs that load as tp_btf; "unchecked" reads an argument without a NULL check.
# limit: 120
loads
