@rem For package.json, which uses "exec" so that npm signals node directly. Windows has no "exec".
@%*
