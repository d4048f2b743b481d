"""Mutants that are no mistakes: they compute the same gradient by other means.

`EQUIVALENT` lists them by the reason why: the function, and a part of the changed line, if need be
with a part of the line as it was and an arrow before it; ``$`` ends a line. The proof checks the
list itself: each entry must mean a mutant, and no trial may reject one that is meant.
"""

from __future__ import annotations

# fmt: off
EQUIVALENT: dict[str, dict[str, list[str]]] = {
    "g, y and x have the same number of axes, or the same length of this one": {
        "VJP of transpose": ["axis % g.ndim", "axis % y.ndim"],
        "VJP of concatenate": ["(axis, g.ndim)"],
        "VJP of stack": ["(axis, g.ndim)"],
        "VJP of pad": ["(g.ndim, 2)", "(y.ndim, 2)"],
        "VJP of logsumexp": ["restore(g, y, axis)"],
        "right_transposed": ["if g.ndim == 2", "is_thin(g.shape[1], a.shape)"],
        "Product.__init__": ["self.rows = len(g)"],
    },
    "g, y and x have the same dtype": {
        "to_extremes": ["chosen.astype(y.dtype)", "chosen.astype(x.dtype)"],
    },
    "y = max(a, b) exceeds b exactly where a does; where a does not, y is a if a = b": {
        "VJP of maximum": ["share(g, y > b, a == b)", "share(g, y > a, a == b)",
            "share(g, a > b, a == y)", "share(g, b > a, y == b)"],
        "VJP of minimum": ["share(g, y < b, a == b)", "share(g, y < a, a == b)",
            "share(g, a < b, a == y)", "share(g, b < a, y == b)"],
        "VJP of relu": ["where(y > 0, g, 0.0)"],
    },
    "y is the bound wherever x is beyond it, and a_max where the bounds cross": {
        "VJP of clip": ["(x >= a_min) & (x <= y)", "(x < y) & (a_min <= a_max)", "(a_min <= y)",
            "(x > y) | (a_min > a_max)", "(a_min > y)"],
    },
    "a NumPy float64 is a Python float, too, and nothing is lost by taking it for one": {
        "log_where_positive": ["if isinstance(a, (int, float)):"],
    },
    "the order of what is looked through, or multiplied, does not matter": {
        "log_where_positive": ["(float, int)"],
        "rows_product": ["(b.shape[1], a.shape[1])"],
        "einsum_gradient": ["factors = [*others, (output, g)]", "in [*others, (output, g)]",
            "join([*terms, output])"],
    },
    "both factors of the product change their sign": {
        "joined": ["return -("],
        "product_before": ["return -result"],
    },
    "the same numbers, at a higher cost: a copy, a second sum, or a slower function": {
        "less_one_at": ["if True:"],
        "fill": ["if False:", "if not index:"],
        "places_of": ["if False:", "if ids.ndim == 0:", "ids.ndim + (ids,)",
            "return (*np.indices(ids.shape), ids)", "sparse=False"],
        "rows_of": ["return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])$"],
        "joined": ["return np.concatenate(rows, axis=0)$", "if rows == 1", "if len(rows) == 0"],
        "swapped": ["return swapaxes(x, -1, -2)$", "if x.ndim == 1"],
        "times_transposed": ["if not x.ndim", "if True:", "if False:", "if x.ndim < 2",
            "if x.ndim >= 2", "if x.ndim <= 3", "if x.ndim <= 1", "if x.ndim <= 4",
            "if weight.ndim", "return (x @ "],
        "sum_of_rows": ["return rows.sum(axis=0)$"],
        "add_at": ["elif False:", "elif index == 1:", "elif len(index) == 0:", "elif len(y) == 1:",
            "elif len(g) == 1:"],
        "VJP of matmul": ["lambda: inner(a, g))", "(lambda: inner(swapped(b), g),",
            "g if a.ndim == 1 else inner(a, g)", "g if a.ndim == 4 else inner(a, g)",
            "g if b.ndim == 2 else inner(a, g)", "g if b.ndim == 1 else inner(swapped(b), g)",
            "g if b.ndim == 4 else inner(swapped(b), g)",
            "g if a.ndim == 2 else inner(swapped(b), g)"],
        "product_before": ["while step <= n:"],
    },
    "no bias is None where its gradient is asked for; a table has more than one axis": {
        "VJP of recurrent_linear": ["(b_ih, 'ndim', 1)", "(b_ih, 'ndim', -1)", "(b_hh, 'ndim', 1)",
            "(b_hh, 'ndim', -1)"],
    },
    "where both are tables of as many rows, nothing is to be broadcast, nor to be laid out": {
        "rows_product": ["len(a) != len(b): → if True:", "if a.ndim == 2 or", "or b.ndim == 2 or",
            "a.ndim != 3", "a.ndim != 1", "a.ndim != 4", "b.ndim != 3", "b.ndim != 1",
            "b.ndim != 4", "if b.ndim != 2 or b.ndim", "or a.ndim != 2 or", "if len(b) == 1",
            "is_kept(len(b), "],
    },
    "an array that has the shape already is broadcast to it": {
        "rows_product": ["b.shape[:-1]: → if True:", "if a.shape[:] !=", "if a.shape[:1] !=",
            "!= b.shape[:]:", "!= b.shape[:1]:", "!= b.shape[:-2]:", "!= b.shape[:-0]:"],
    },
    "there is one of them, so that the first is the last": {
        "joined": ["rows[-1] if len(rows) == 1"],
        "sum_of_rows": ["rows[-1] if len(rows) == 1"],
        "add_at": ["repeatable[-1]"],
    },
    "the limit belongs to the class": {
        "Product.absorb": ["> other.enough"],
    },
    "NumPy takes any negative length for the one to be computed, and either order of two axes": {
        "add_rows": ["rows.reshape(-2)"],
        "summed_outer": ["a.reshape(1, -2)", "b.reshape(1, -2)"],
        "swapped": ["swapaxes(x, -2, -1)"],
    },
    "it is the default, or makes no difference on one axis": {
        "joined": ["else np.concatenate(rows)"],
        "add_rows": ["starts)"],
        "VJP of cumsum": ["else axis → along = axis$", "along = -1", "0 if g is None",
            "0 if y is None", "0 if x is None"],
    },
    "a list, or a range, in the place of a tuple": {
        "reduced_axes": ["return range(x.ndim)"],
    },
    "equal rows are added in another order": {
        "add_rows": ["order = np.argsort(rows)"],
    },
    "without rows, g has no entries; without entries, there is nothing to add or to shape": {
        "add_rows": ["if g.size == 0:"],
        "VJP of prod": ["if n else 1"],
    },
    "the only row is the last one, too": {
        "places_of": ["return (-1,) * ids.ndim + (ids.item(),)"],
    },
    "a slice may end beyond the last": {
    },
    "where x is NaN, the extreme is NaN": {
        "to_extremes": ["& (extreme != extreme) → chosen = (x == extreme) | (x != x)$"],
    },
    "x − y is −∞ for any finite y": {
        "VJP of logsumexp": ["-np.inf, 1.0, y)", "-np.inf, -1.0, y)"],
    },
    "no id is None, so that all rows count": {
        "VJP of softmax_cross_entropy": ["counted = targets != ignore_index$", "True if g is None",
            "True if y is None", "True if logits is None", "True if targets is None",
            "True if reduction is None", "less_one_at(softmax(logits), targets * counted)",
            "targets if counted is False",
            "return (where(np.expand_dims(counted, -1), d, 0.0), None)", "d if counted is False"],
    },
    "probabilities with an ignore_index are refused": {
        "row_count": ["if ignore_index is not None:"],
    },
    "one number broadcasts with an axis more": {
        "VJP of softmax_cross_entropy": ["elif True:"],
    },
}
# fmt: on
