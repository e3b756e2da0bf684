"""Lock boards, one file a family: codec and driver. Named by entry points, imported only when configured."""
