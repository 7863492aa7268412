# In which order the tracepoints of a dying socket fire, and with what.
order
