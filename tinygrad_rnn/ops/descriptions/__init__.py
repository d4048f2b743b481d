"""What `help` says of the ops, beside their formulas. Importing it describes them."""

from . import arithmetic as arithmetic
from . import comparison as comparison
from . import contraction as contraction
from . import indexing as indexing
from . import linear as linear
from . import nonlinear as nonlinear
from . import reduction as reduction
from . import shaping as shaping
from . import softmax as softmax
