def rasa_part(settings):
    return None
