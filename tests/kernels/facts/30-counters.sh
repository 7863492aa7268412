# Counters that rise in each step, and `tw` of sockstat; "nothing" is a measured result too.
# limit: 600
counters
