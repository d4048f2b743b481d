"""The first expression of micrograd's README: its value, and the slope by each of its inputs.

python examples/first_expression.py
"""

from tinygrad_rnn import Value

a = Value(-4.0, name="a")
b = Value(2.0, name="b")
c = a + b
d = a * b + b**3
c += c + 1
c += 1 + c + (-a)
d += d * 2 + (b + a).relu()
d += 3 * d + (b - a).relu()
e = c - d
f = e**2
g = f / 2.0
g += 10.0 / f

print(f"g     = {float(g):.4f}")
g.backward()
print(f"dg/da = {float(a.grad):.4f}")
print(f"dg/db = {float(b.grad):.4f}")


# The same without calculus: move a, and then b, a little, and see how far g moves.
def value(a: float, b: float) -> float:
    c = 2 * (2 * (a + b) + 1) + 1 - a
    d = 4 * (3 * (a * b + b**3) + max(b + a, 0)) + max(b - a, 0)
    return (c - d) ** 2 / 2 + 10 / (c - d) ** 2


h = 1e-5
print(f"dg/da ≈ {(value(-4 + h, 2) - value(-4 - h, 2)) / (2 * h):.4f}")
print(f"dg/db ≈ {(value(-4, 2 + h) - value(-4, 2 - h)) / (2 * h):.4f}")
