"""Whether a statement says whose rows it reads, of every owned table in it.

Every owned table must be compared with the same owner: `owner_id = …`, or an equality
with the `owner_id` of another table that is, over any number of joins and subqueries.
So a statement needs the rows of one owner only, wherever they are: a database that is
split by owner sends it to one machine, and each table can use an index that begins with
the owner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp, parse_one

OWNER = "owner_id"
# What a statement begins with that reads or writes rows.
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
PLACEHOLDER = re.compile(r"%(?:s|%)")
# What sqlglot does not know of JSON_ARRAY.
UNKNOWN = re.compile(r" NULL ON NULL RETURNING JSONB")

Node = tuple[str, ...]  # a column of one table of a statement, or a value


def unowned(
    statement: str,
    parameters: Sequence[object] | None,
    tables: Iterable[str],
    shared: Iterable[str] = (),
):
    """Return the tables whose owner the statement does not compare, with a reason.

    `tables` are those with an `owner_id`. With them, only the `shared` tables may be
    used, of which every server has a copy. Parameters with equal values are equal.
    """
    if not STATEMENT.match(statement):
        return []
    text = UNKNOWN.sub("", _with_numbers(statement, parameters))
    tree = parse_one(text, dialect="postgres")
    check = _Check(frozenset(tables), frozenset(shared))
    check.statement(tree)
    return check.findings()


def _with_numbers(statement, parameters):
    """Replace each placeholder by one that is the same for the same value."""
    if parameters is None:
        return statement
    values = iter(parameters)
    numbers: dict[tuple[type, str], int] = {}

    def placeholder(match):
        if match[0] == "%%":
            return "%"
        value = next(values, None)
        key = type(value), repr(value)
        return f"${numbers.setdefault(key, len(numbers) + 1)}"

    return PLACEHOLDER.sub(placeholder, statement)


class Equal:
    """Which columns and values are equal."""

    def __init__(self, parents: dict[Node, Node] | None = None) -> None:
        self._parents = dict(parents or {})

    def copy(self) -> Equal:
        return Equal(self._parents)

    def root(self, node: Node) -> Node:
        while (parent := self._parents.setdefault(node, node)) != node:
            node = parent
        return node

    def join(self, pairs: Iterable[tuple[Node, Node]]) -> None:
        for one, other in pairs:
            self._parents[self.root(one)] = self.root(other)

    def values(self, node: Node) -> set[Node]:
        """Return the values that a column equals."""
        root = self.root(node)
        return {
            other
            for other in list(self._parents)
            if other[0] == "value" and self.root(other) == root
        }


@dataclass
class Source:
    """A table, a subquery or a CTE in a FROM clause."""

    number: str
    table: str = ""  # if it is an owned one
    columns: dict[str, Node] | None = None  # of a subquery
    within: Source | None = None  # whose columns it has, with SELECT *
    is_optional: bool = False  # of an outer join

    def node(self, column: str) -> Node | None:
        if self.columns is not None:
            if column in self.columns:
                return self.columns[column]
            return self.within.node(column) if self.within else None
        return ("column", self.number, column)


@dataclass
class Scope:
    """What the columns of one SELECT can refer to."""

    sources: dict[str, Source] = field(default_factory=dict)
    outer: Scope | None = None
    ctes: dict[str, Source] = field(default_factory=dict)

    def column(self, column: exp.Column) -> Node | None:
        name, table = column.name, column.table
        if table:
            if table in self.sources:
                return self.sources[table].node(name)
        elif len(self.sources) == 1 or name == OWNER:
            for source in self.sources.values():
                if source.table or len(self.sources) == 1:
                    return source.node(name)
        return self.outer.column(column) if self.outer else None

    def cte(self, name: str) -> Source | None:
        if name in self.ctes:
            return self.ctes[name]
        return self.outer.cte(name) if self.outer else None


class _Check:
    def __init__(self, tables: frozenset[str], shared: frozenset[str]) -> None:
        self._tables, self._shared = tables, shared
        self._others: set[str] = set()  # tables without an owner
        self._number = 0
        self._owners: list[tuple[str, set[Node]]] = []  # of each owned table
        self._broken: list[str] = []

    def findings(self) -> list[str]:
        found = [
            f"{table}: no comparison with an owner"
            for table, owners in self._owners
            if not owners
        ]
        compared = [owners for _, owners in self._owners if owners]
        if compared and not set.intersection(*compared):
            names = ", ".join(table for table, owners in self._owners if owners)
            found.append(f"{names}: compared with different owners")
        if self._owners:
            found += [
                f"{table}: not on the server of the owner"
                for table in sorted(self._others - self._shared)
            ]
        return [*self._broken, *found]

    def statement(self, tree: exp.Expression) -> None:
        match tree:
            case exp.Insert():
                self._insert(tree)
            case exp.Update() | exp.Delete():
                self._change(tree)
            case _:
                self._query(tree, None, Equal())

    # --- Statements that write ---------------------------------------------------

    def _insert(self, tree: exp.Insert) -> None:
        target = tree.this
        table = target.find(exp.Table).name
        query = tree.expression
        names = [column.name for column in target.expressions]
        if isinstance(query, exp.Query):
            equal = Equal()
            source = self._query(query, None, equal, names=names)
            node = source.node(OWNER)
            if table in self._tables and node and equal.values(node):
                self._owners.append((table, equal.values(node)))
                return
        if table in self._tables and OWNER not in names:
            self._broken.append(f"{table}: a new row without an owner")
        conflict = tree.args.get("conflict")
        if table in self._tables and conflict:
            keys = {key.name for key in conflict.args.get("conflict_keys") or ()}
            if keys and OWNER not in keys:
                self._broken.append(f"{table}: ON CONFLICT without the owner")

    def _change(self, tree: exp.Update | exp.Delete) -> None:
        scope, equal = Scope(), Equal()
        self._with(tree, scope, equal)
        self._source(tree.this, scope, equal)
        if isinstance(tree, exp.Delete):
            used = tree.args.get("using") or ()
        else:
            origin = tree.args.get("from_") or tree.args.get("from")
            used = [origin.this] if origin else ()
        for source in used:
            self._source(source, scope, equal)
            for join in source.args.get("joins") or ():
                self._source(join.this, scope, equal)
        self._finish(tree, scope, equal, [])

    # --- Queries -----------------------------------------------------------------

    def _query(
        self,
        tree: exp.Expression,
        outer: Scope | None,
        equal: Equal,
        names: Sequence[str] = (),
    ) -> Source:
        """Examine a query, and return it as a source for the one around it."""
        while isinstance(tree, exp.Subquery) and not tree.args.get("joins"):
            tree = tree.this
        scope = Scope(outer=outer)
        self._with(tree, scope, equal)
        if isinstance(tree, exp.SetOperation):
            for side in (tree.left, tree.right):
                self._query(side, scope, equal.copy())
            return Source(self._next(), columns={})
        if not isinstance(tree, exp.Select):
            return Source(self._next(), columns={})
        optional: list[tuple[Node, Node]] = []
        origin = tree.args.get("from_") or tree.args.get("from")
        if origin:
            self._source(origin.this, scope, equal)
            inner = origin.this.args.get("joins") or ()
            for join in [*inner, *(tree.args.get("joins") or ())]:
                self._join(join, scope, equal, optional)
        self._finish(tree, scope, equal, optional)
        return self._as_source(tree, scope, names)

    def _with(self, tree: exp.Expression, scope: Scope, equal: Equal) -> None:
        clause = tree.args.get("with_") or tree.args.get("with")
        for cte in clause.expressions if clause else ():
            if isinstance(cte.this, exp.Query):
                scope.ctes[cte.alias] = self._query(cte.this, scope, equal)
            else:
                self.statement(cte.this)
                scope.ctes[cte.alias] = Source(self._next(), columns={})

    def _source(self, tree: exp.Expression, scope: Scope, equal: Equal) -> Source:
        match tree:
            case exp.Table(this=exp.Identifier()):
                cte = scope.cte(tree.name)
                is_owned = cte is None and tree.name in self._tables
                if cte is None and not is_owned:
                    self._others.add(tree.name)
                source = cte or Source(
                    self._next(), table=tree.name if is_owned else ""
                )
            case exp.Subquery() | exp.Lateral():
                source = self._query(tree.this, scope, equal)
            case _:
                source = Source(self._next())
        scope.sources[tree.alias_or_name or source.number] = source
        return source

    def _join(
        self,
        join: exp.Join,
        scope: Scope,
        equal: Equal,
        optional: list[tuple[Node, Node]],
    ) -> None:
        others = list(scope.sources.values())
        source = self._source(join.this, scope, equal)
        pairs = list(self._equalities(join.args.get("on"), scope))
        for name in join.args.get("using") or ():
            sides = (other.node(name.name) for other in others)
            mine = source.node(name.name)
            pairs += [(mine, node) for node in sides if mine and node]
        if join.side in {"RIGHT", "FULL"}:
            self._broken.append(f"{join.side} JOIN: write a LEFT JOIN")
        if join.side:
            source.is_optional = True
            optional += pairs
        else:
            equal.join(pairs)

    def _finish(
        self,
        tree: exp.Expression,
        scope: Scope,
        equal: Equal,
        optional: list[tuple[Node, Node]],
    ) -> None:
        """Add what WHERE says, record the owners, and go on to the subqueries."""
        where = tree.args.get("where")
        equal.join(self._equalities(where.this if where else None, scope))
        # Rows of an outer join are there only if its condition holds, which says
        # nothing about the rows that they are joined to.
        joined = equal.copy()
        joined.join(optional)
        for source in scope.sources.values():
            if source.table:
                known = joined if source.is_optional else equal
                self._owners.append(
                    (source.table, known.values(("column", source.number, OWNER)))
                )
        for query in _subqueries(tree):
            self._query(query, scope, joined.copy())

    def _equalities(
        self, condition: exp.Expression | None, scope: Scope
    ) -> Iterator[tuple[Node, Node]]:
        """Yield what is equal if the condition holds."""
        match condition:
            case exp.Paren() | exp.Where():
                yield from self._equalities(condition.this, scope)
            case exp.And():
                yield from self._equalities(condition.left, scope)
                yield from self._equalities(condition.right, scope)
            case exp.EQ():
                yield from self._pair(condition.left, condition.right, scope)
            case exp.In(expressions=[one]):
                yield from self._pair(condition.this, one, scope)

    def _pair(self, left, right, scope: Scope) -> Iterator[tuple[Node, Node]]:
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
            for sides in zip(left.expressions, right.expressions, strict=True):
                yield from self._pair(*sides, scope)
            return
        one, other = self._node(left, scope), self._node(right, scope)
        if one and other:
            yield one, other

    def _node(self, expression: exp.Expression, scope: Scope) -> Node | None:
        match expression:
            case exp.Column():
                return scope.column(expression)
            case exp.Paren() | exp.Cast():
                return self._node(expression.this, scope)
            case exp.Parameter() | exp.Literal() | exp.Placeholder():
                return ("value", expression.sql())
        return None

    def _as_source(
        self, tree: exp.Select, scope: Scope, names: Sequence[str]
    ) -> Source:
        source = Source(self._next(), columns={})
        for number, shown in enumerate(tree.expressions):
            inside = shown.this if isinstance(shown, exp.Alias) else shown
            if isinstance(inside, exp.Star) or (
                isinstance(inside, exp.Column) and isinstance(inside.this, exp.Star)
            ):
                first = next(iter(scope.sources.values()), None)
                source.within = scope.sources.get(inside.text("table"), first)
                continue
            name = names[number] if number < len(names) else shown.alias_or_name
            if node := self._node(inside, scope):
                source.columns[name] = node
        return source

    def _next(self) -> str:
        self._number += 1
        return str(self._number)


def _subqueries(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Yield the queries inside the expressions of one, but not those inside them."""
    waiting = [
        value
        for name, value in tree.args.items()
        if name not in {"with", "with_", "from", "from_", "using"}
    ]
    if isinstance(tree, exp.Update | exp.Delete):
        waiting.remove(tree.this)
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, exp.Join):
            waiting.append(item.args.get("on"))
        elif isinstance(item, exp.Query):
            yield item
        elif isinstance(item, exp.Expression):
            waiting += item.args.values()
