# What loads as tp_btf, one program each; "unchecked" reads an argument without a NULL check.
# limit: 120
loads
