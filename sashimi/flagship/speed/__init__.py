"""What answering costs: beside an earlier checkout, as things grow, and beside other libraries."""
