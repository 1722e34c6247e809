@rem For package.json, which says "exec" so that no shell stands between npm and node. Windows has no such word.
@%*
