select {{ params.x }}
from t
