"""The shipped program as a process, in front of pretend boards on real ptys: killed, stopped, frozen, unplugged."""
