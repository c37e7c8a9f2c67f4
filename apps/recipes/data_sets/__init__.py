"""The data sets: one record each, in a file of its own."""

from apps.recipes.data_set import DataName, DataSet
from apps.recipes.data_sets.beamsynthesis import BEAMSYNTHESIS
from apps.recipes.data_sets.celeba import CELEBA
from apps.recipes.data_sets.dsprites import DSPRITES
from apps.recipes.data_sets.synthetic_faces import SYNTHETIC_FACES

DATA_SETS: dict[DataName, DataSet] = {
    data_set.name: data_set for data_set in (BEAMSYNTHESIS, DSPRITES, CELEBA, SYNTHETIC_FACES)
}
