# Order and arguments of the tracepoints of a dying socket.
order
