"""Displacements of a few points of the mesh, carried on to all others as smoothly as can be.

Biharmonic interpolation over the mesh's graph (Botsch & Kobbelt 2004). Edges weigh by their length in the points that
are given, which may be another view of the face than the one that is moved.
"""

import numpy as np
from numpy.typing import NDArray

from svc_video.faces import landmarks as lm

Float = NDArray[np.float64]
Move = dict[int, Float]  # vertex -> displacement in pixels of the picture

RING_PART = 0.42  # distance of the fixed outer ring from the oval, in parts of the way from the face's centre


class Graph:
    """The mesh with a fixed ring around it, and the bilaplacian on it."""

    def __init__(self, points: Float, triangles: NDArray[np.int16]) -> None:
        oval = points[lm.OVAL]
        ring = oval + RING_PART * (oval - points.mean(axis=0))
        self.count = len(points)
        self.ring = list(range(self.count, self.count + len(ring)))
        everywhere = np.concatenate([points, ring])
        edges = {(int(a), int(b)) for t in triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[0], t[2]))}
        for k, v in enumerate(lm.OVAL):
            edges |= {(int(v), self.ring[k]), (int(v), self.ring[k - 1])}
        pairs = np.array(sorted(edges))
        weights = 1 / np.maximum(np.linalg.norm(everywhere[pairs[:, 0]] - everywhere[pairs[:, 1]], axis=1), 0.5)
        laplacian = np.zeros((len(everywhere), len(everywhere)))
        laplacian[pairs[:, 0], pairs[:, 1]] = laplacian[pairs[:, 1], pairs[:, 0]] = -weights
        laplacian[np.diag_indices_from(laplacian)] = -laplacian.sum(axis=1)
        scaled = laplacian / laplacian.diagonal()[:, None]
        self.bilaplacian = scaled.T @ scaled

    def interpolate(self, shapes: list[Move], still: list[int]) -> Float:
        """Displacements (shapes, 468, 2): prescribed ones exactly, the rest as smooth as can be.

        A point that any shape prescribes is at rest in the shapes that do not, so that one solution serves all.
        """
        total = len(self.bilaplacian)
        known = np.array(sorted({v for moves in shapes for v in moves} | set(still) | set(self.ring)))
        free = np.setdiff1d(np.arange(total), known)
        values = np.zeros((total, len(shapes), 2))
        for number, moves in enumerate(shapes):
            for vertex, move in moves.items():
                values[vertex, number] = move
        right = -self.bilaplacian[np.ix_(free, known)] @ values[known].reshape(len(known), -1)
        values[free] = np.linalg.solve(self.bilaplacian[np.ix_(free, free)], right).reshape(len(free), -1, 2)
        return np.asarray(values[: self.count].transpose(1, 0, 2))
