# When which counter rises, and `tw` of sockstat with it; "nothing" is as measured as the rest.
# limit: 600
counters
